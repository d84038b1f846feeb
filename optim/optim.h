// All of harker::optim.
#pragma once
#include <harker/optim/adagrad.h>
#include <harker/optim/adam.h>
#include <harker/optim/optimizer.h>
#include <harker/optim/rmsprop.h>
#include <harker/optim/sgd.h>

// All of harker::optim.
#pragma once
#include <harker/optim/adagrad.h>
#include <harker/optim/adam.h>
#include <harker/optim/averaged_model.h>
#include <harker/optim/lambda_lr.h>
#include <harker/optim/lr_scheduler.h>
#include <harker/optim/one_cycle_lr.h>
#include <harker/optim/optimizer.h>
#include <harker/optim/reduce_lr_on_plateau.h>
#include <harker/optim/rmsprop.h>
#include <harker/optim/sequential_lr.h>
#include <harker/optim/sgd.h>

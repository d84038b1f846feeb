// All of harker::optim.
#pragma once
#include <harker/optim/adam.h>
#include <harker/optim/optimizer.h>

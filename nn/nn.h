// All of harker::nn.
#pragma once
#include <harker/nn/activation.h>
#include <harker/nn/clip_grad.h>
#include <harker/nn/data/csv.h>
#include <harker/nn/data/data_loader.h>
#include <harker/nn/data/dataset.h>
#include <harker/nn/data/idx.h>
#include <harker/nn/data/sampler.h>
#include <harker/nn/functional.h>
#include <harker/nn/init.h>
#include <harker/nn/linear.h>
#include <harker/nn/loss.h>
#include <harker/nn/module.h>
#include <harker/nn/parameter.h>
#include <harker/nn/sequential.h>

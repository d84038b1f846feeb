// One change to a pickle's opcodes, as mutator.h makes them.
#pragma once
#include "fuzz/dice.h"
#include "fuzz/pickle_code.h"

namespace harker::fuzz {

/// Changes, drops, copies, moves, inserts or repeats opcodes, or takes some from `donor`. `code` keeps to a few
/// thousand opcodes.
void mutate_code(Code& code, const Code& donor, Dice& dice);
std::int64_t some_number(std::int64_t near, Dice& dice);
void mutate_text(std::string& s, Dice& dice);

}  // namespace harker::fuzz

// The JSON that `inspect --json` prints, written piece by piece. Numbers that must be exact are text: floats in C99
// hexadecimal, integers beyond 2^53 in decimal. Lone surrogates are \udXXX escapes. tests/fixtures/README.md has the
// schema.
#pragma once
#include <harker/core/value_walk.h>

#include "out.h"

namespace harker::cli::json {

void string(Out& out, std::string_view s);
/// "0x1.8p+1", "nan", "-inf", with its quotes.
void number(Out& out, double v);
/// An integer of any size: a number up to 2^53, else a string.
void integer(Out& out, const Value& v);
/// [2, 3]
void list(Out& out, const Shape& v);
/// The steps of a key; see the README for steps that are neither text nor a small integer.
void key(Out& out, std::span<const Step> steps);
/// ,"type": ..., "value": ... of a leaf.
void leaf(Out& out, const Value& v);
/// Anything plain (facts about a file, module versions) as JSON itself, to a small depth; deeper values as Python text.
void plain(Out& out, const Value& v);
/// The class of a dict, list, tuple or object, as in Python.
std::string class_name(const Value& v);

}  // namespace harker::cli::json

// Of which optimizer or scheduler a state dict is. Neither torch's files nor ours say so, but each has keys that the
// others have not, in all versions of torch. Another one's state must not be taken: its moments mean something else,
// and what is missing would begin anew without a word. Internal to optim.
#pragma once
#include <string_view>

#include <harker/core/value.h>

namespace harker::optim {

/// Error when `group`, a dict of a state's param_groups, is another optimizer's than `own`, the options of this one.
/// Dicts whose keys do not tell pass. Adam's and AdamW's differ by an option only, and do not count as different here.
void check_optimizer(const Value& own, const Value& group);
/// The same for an entry (`exp_avg_sq`) of a parameter's state that this optimizer does not have; `where` it was found.
void check_entry(const Value& own, std::string_view entry, std::string_view where);

/// Error when `state` is not of the scheduler that wrote `own`: it is another's, or has none of its keys.
void check_scheduler(const Value& own, const Value& state);

}  // namespace harker::optim

// Reading what torch.export.save wrote (.pt2): the weights and constants of exported programs, without the programs.
#pragma once
#include <memory>
#include <string>

#include <harker/serialize/format.h>
#include <harker/serialize/torch/zip_reader.h>

namespace harker::pt {

/// Is this archive, whose folder is `root` (with its slash), one of torch.export's?
bool is_export(const ZipArchive& zip, const std::string& root);
/// Name -> tensor, an OrderedDict, as program.state_dict and then program.constants have them; of several programs, a dict
/// of these by the program's name. What else there is, is listed in facts["passed_over"].
Document read_export(const std::shared_ptr<const io::Source>& source, const ZipArchive& zip, const std::string& root,
                     const LoadOptions& options, bool every_record);

}  // namespace harker::pt

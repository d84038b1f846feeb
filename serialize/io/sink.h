// Sink: where a writer's bytes go: memory, or a file that appears whole or not at all.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <harker/serialize/io/byte_view.h>

namespace harker HARKER_PUBLIC {
namespace io {

class Source;

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(ByteView data) = 0;
  void write(std::string_view s) { write(bytes(s)); }
  /// At least `n` more bytes will be written: a disk without that much room fails now, and a file gets its blocks at once.
  virtual void expect(std::uint64_t n);
  /// Puts other bytes in the place of some that were written: what a file says at its front of what follows.
  virtual void rewrite(std::uint64_t at, ByteView data);
  /// Writes, and returns the CRC-32 of the bytes, in one pass over the memory.
  std::uint32_t write_crc32(ByteView data);
  /// A second file that this one names, in the same folder. It takes its place when this one is committed, just before
  /// it: whoever finds the new file finds all that it names. Error where there is no folder. Valid as long as this sink.
  virtual Sink& beside(std::string_view name);
  /// The names of the files in that folder; none where there is none.
  virtual std::vector<std::string> neighbours() const { return {}; }
  /// The file that this one will replace; null where there is none that can be read.
  virtual std::shared_ptr<const Source> old() const { return nullptr; }
  /// A file in the same folder that only the old one named: removed once this one has taken its place.
  virtual void retire(std::string_view) {}
  std::uint64_t position() const { return position_; }

 protected:
  std::uint64_t position_ = 0;
};

/// Collects the bytes in memory.
class MemorySink final : public Sink {
 public:
  using Sink::write;
  void write(ByteView data) override;
  void rewrite(std::uint64_t at, ByteView data) override;
  void expect(std::uint64_t n) override;
  std::vector<std::uint8_t> take() { return std::move(data_); }

 private:
  std::vector<std::uint8_t> data_;
};

/// A file that replaces `path` atomically: a temporary file in the same folder, fsync, rename, fsync of the folder. The
/// old file's mode is kept. Without commit(), or after any error, the old file is untouched and the temporary is gone.
/// The temporary has no name before commit() where the file system can do that, and what killed saves left in the
/// folder is removed. A symbolic link at `path` is followed. IoError names the path, the call and the system's reason.
class AtomicFile final : public Sink {
 public:
  using Sink::write;
  explicit AtomicFile(std::string path, bool durable = true);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(ByteView data) override;
  void rewrite(std::uint64_t at, ByteView data) override;
  void expect(std::uint64_t n) override;
  Sink& beside(std::string_view name) override;
  std::vector<std::string> neighbours() const override;
  std::shared_ptr<const Source> old() const override;
  void retire(std::string_view name) override { retired_.push_back(beside_path(name)); }
  void commit();

 private:
  void create_named(unsigned mode);
  void flush();
  void write_through(ByteView data);
  void reserve(std::uint64_t end);
  void sync();
  std::string beside_path(std::string_view name) const;
  bool place_unnamed();
  void place_named();
  void copy_to_named();
  [[noreturn]] void fail(const char* call);
  std::string path_, folder_, temporary_;  // no temporary: the file has no name
  std::vector<std::uint8_t> buffer_;
  int fd_ = -1;
  bool durable_;
  std::uint64_t reserved_ = 0, written_ = 0,
                started_ = 0;  // how far the file has blocks, bytes, and bytes under way to the disk
  std::vector<std::unique_ptr<AtomicFile>> beside_;
  std::vector<std::string> retired_;
};

}  // namespace io
}  // namespace harker

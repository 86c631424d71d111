#include "delta/commit_stream.h"

#include <utility>

#include "delta/data_path.h"
#include "delta/snapshot_impl.h"

namespace spillway::delta {
namespace {

using Kind = CommitAction::Kind;

std::optional<Kind> ToKind(bridge::ActionKind kind) {
  switch (kind) {
    case bridge::ActionKind::Operation:
      return Kind::kOperation;
    case bridge::ActionKind::Transaction:
      return Kind::kTransaction;
    case bridge::ActionKind::Definition:
      return Kind::kDefinition;
    case bridge::ActionKind::Add:
      return Kind::kAdd;
    case bridge::ActionKind::Remove:
      return Kind::kRemove;
    default:
      return std::nullopt;
  }
}

}  // namespace

class CommitStream::Impl {
 public:
  Impl(CommitHandle commit, std::string root)
      : commit_(std::move(commit)), root_(std::move(root)) {}

  Result<std::optional<CommitAction>> Next() {
    ARROW_ASSIGN_OR_RAISE(
        const bridge::CommitAction action,
        Call(root_, [&](bridge::Failure& failure) { return commit_->next_action(failure); }));
    const std::optional<Kind> kind = ToKind(action.kind);
    if (!kind) return std::nullopt;
    CommitAction result{.kind = *kind,
                        .text = std::string(action.text),
                        .parameters = {},
                        .transaction_version = action.transaction_version,
                        .data_change = action.data_change,
                        .has_deletion_vector = action.has_deletion_vector};
    for (const bridge::Property& parameter : action.parameters) {
      result.parameters.emplace(std::string(parameter.key), std::string(parameter.value));
    }
    if (*kind == Kind::kAdd || *kind == Kind::kRemove) {
      Result<std::string> path = ResolveDataPath(root_, result.text);
      if (path.ok()) result.text = *std::move(path);
    }
    return result;
  }

 private:
  CommitHandle commit_;
  std::string root_;
};

CommitStream::CommitStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommitStream::~CommitStream() = default;

Result<std::optional<CommitAction>> CommitStream::Next() { return impl_->Next(); }

Result<std::unique_ptr<CommitStream>> CommitStream::Open(const Snapshot& table, int64_t version) {
  const Snapshot::Impl& impl = table.impl();
  ARROW_ASSIGN_OR_RAISE(bridge::CommitReader * opened,
                        Call(impl.root_path, [&](bridge::Failure& failure) {
                          return impl.table->open_commit(version, failure);
                        }));
  if (opened == nullptr) return nullptr;
  auto stream = std::make_unique<Impl>(CommitHandle(opened), impl.root_path);
  return std::unique_ptr<CommitStream>(new CommitStream(std::move(stream)));
}

Result<std::optional<int64_t>> OldestCommit(const Snapshot& table) {
  const Snapshot::Impl& impl = table.impl();
  ARROW_ASSIGN_OR_RAISE(const bridge::OptionalVersion version,
                        Call(impl.root_path, [&](bridge::Failure& failure) {
                          return impl.table->oldest_commit(failure);
                        }));
  return version.is_present ? std::optional<int64_t>(version.value) : std::nullopt;
}

}  // namespace spillway::delta

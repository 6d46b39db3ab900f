// What a client may do on one connection, and why no more. RFC 9113 §10.5.
#pragma once
#include <cstddef>
#include <cstdint>

namespace zc {

/** Requests at a time: what browsers and RFC 9113 §6.5.2 take for the least that keeps them parallel. */
constexpr uint32_t kMaxStreams = 100;

/** Frames of one header block: what max_head holds comes in a few, thousands of small ones are CVE-2024-27316. */
constexpr uint32_t kMaxFragments = 64;
/** Bytes of a block's fragments, in heads: Huffman's worst code makes a value almost four times as long as it is. */
constexpr size_t kMaxBlockHeads = 4;

/** Requests of which nothing came but a reset, by the client or for its fault: rapid reset is CVE-2023-44487. */
constexpr uint32_t kMaxResets = 1000;

/** ms in which so many frames that bring nothing may come (CVE-2019-9512, 9515, 9518 and their like). */
constexpr int64_t kChorePeriod = 10'000;
constexpr uint32_t kMaxSettings = 50;  // browsers send two or three in all
constexpr uint32_t kMaxPings = 200;    // each is answered
constexpr uint32_t kMaxEmpty = 100;    // DATA and CONTINUATION with nothing in them
constexpr uint32_t kMaxChatter = 2000; // priorities and frames that nobody knows: browsers reorder a page's requests
/** WINDOW_UPDATEs over what was sent: a frame sent is worth some, as a client may grant it in pieces, and twice. */
constexpr uint32_t kMaxUpdates = 2000, kUpdatesPerFrame = 4;

/** Bytes of request bodies that nobody has asked for yet: with more the client waits. One stream may have a window of them. */
constexpr uint64_t kMaxUnclaimed = 256 << 10;

/** ms for the client to acknowledge our settings (§6.5.3). */
constexpr int64_t kSettingsTimeout = 10'000;
constexpr int64_t kFarewellTimeout = 3'000;  // for a client to hear that it is to come anew

/** Bytes of acknowledgements and resets, and of frames that are on their way, beyond which nothing more is read. */
constexpr size_t kMaxOutput = 96 << 10;

/** Bytes of one write: enough that a call costs little beside them, few enough to keep a copy of what is refused. */
constexpr uint64_t kBatch = 64 << 10;
/** Received before the other connections have their turn. */
constexpr size_t kTurnInput = 128 << 10;

}  // namespace zc

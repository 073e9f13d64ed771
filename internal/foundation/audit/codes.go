package audit

import "github.com/antinvn/antin/codes"

// The codes of what can go wrong.
const (
	// ErrNone: the installation has no log yet; its first sequencer makes it.
	ErrNone codes.Code = "audit.none"
	// ErrBroken: what the store holds of the log does not fit together; nothing more is signed.
	ErrBroken codes.Code = "audit.broken"
	// ErrBehind: the log does not go on from a checkpoint that was signed before, so the database was put back; nothing more is signed.
	ErrBehind codes.Code = "audit.behind"
	// ErrKey: this is no verifier key of a log or a witness.
	ErrKey codes.Code = "audit.key"
	// ErrKnown: the checkpoint to compare with is none of this log.
	ErrKnown codes.Code = "audit.known"
	// ErrOutside: the last checkpoint cannot be kept in, or read from, its file outside the store.
	ErrOutside codes.Code = "audit.outside"
	// ErrFolder: the folder to export to is not empty, or cannot be written.
	ErrFolder codes.Code = "audit.folder"
	// ErrUnread: a file of an exported log cannot be read.
	ErrUnread codes.Code = "audit.unread"
	// ErrWitness: a witness did not co-sign.
	ErrWitness codes.Code = "audit.witness"
)

// The codes of what [Verify] finds. Each [Finding] says where.
const (
	// RowChanged: an event's row is not what was logged: its leaf, a column that repeats it, or a personal text.
	RowChanged codes.Code = "audit.row_changed"
	// RowRemoved: a leaf is there without its event's row.
	RowRemoved codes.Code = "audit.row_removed"
	// RowAdded: an event's row claims a place that is another's.
	RowAdded codes.Code = "audit.row_added"
	// LeafRemoved: a leaf that was logged is gone.
	LeafRemoved codes.Code = "audit.leaf_removed"
	// LeafAdded: a leaf is there that was never logged.
	LeafAdded codes.Code = "audit.leaf_added"
	// LeavesSwapped: the leaves are those that were logged, in another order.
	LeavesSwapped codes.Code = "audit.leaves_swapped"
	// TileReplaced: a tile is not the one that the checkpoint signs.
	TileReplaced codes.Code = "audit.tile_replaced"
	// TileTruncated: a tile or bundle is too short, or gone.
	TileTruncated codes.Code = "audit.tile_truncated"
	// LogRewritten: leaves and tiles are not those that the checkpoint signs.
	LogRewritten codes.Code = "audit.log_rewritten"
	// CheckpointUnread: the checkpoint cannot be read as one.
	CheckpointUnread codes.Code = "audit.checkpoint_unread"
	// CheckpointRolledBack: a larger log was signed before.
	CheckpointRolledBack codes.Code = "audit.checkpoint_rolled_back"
	// CheckpointForked: the log does not contain one that was signed before.
	CheckpointForked codes.Code = "audit.checkpoint_forked"
	// CheckpointOtherLog: the checkpoint is of a log with another name.
	CheckpointOtherLog codes.Code = "audit.checkpoint_other_log"
	// CheckpointOtherKey: the checkpoint is not signed by the log's key.
	CheckpointOtherKey codes.Code = "audit.checkpoint_other_key"
	// CosignatureForged: a co-signature under a witness's name and key does not hold.
	CosignatureForged codes.Code = "audit.cosignature_forged"
	// EventMissing: a row of the house refers to an event that is not there: it was deleted before it had its place.
	EventMissing codes.Code = "audit.event_missing"
	// EventAbsent: the event that was asked for is not in the log.
	EventAbsent codes.Code = "audit.event_absent"
)

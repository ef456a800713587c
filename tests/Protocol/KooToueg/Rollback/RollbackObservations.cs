using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>q asked p, and p received the PREPARE.</summary>
internal sealed record AskedToPrepare(RoundNumber Rollback, ProcessName Asker, ProcessName Process, Label LastLabelSent) : Observation;

/// <summary>p accepted the PREPARE of its parent: it is frozen now.</summary>
internal sealed record Prepared(RoundNumber Rollback, ProcessName Process, ProcessName Parent) : Observation;

internal sealed record RollbackDecided(RoundNumber Rollback, bool RollsBack) : Observation;

internal sealed record RolledBack(RoundNumber Rollback, ProcessName Process) : Observation;

internal sealed record Resumed(RoundNumber Rollback, ProcessName Process) : Observation;

using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>What processes did, in order, as plain data for checkers and tables.</summary>
internal sealed class Observations
{
    private readonly List<Observation> _all = [];

    public IReadOnlyList<Observation> All => _all;

    public void Add(Observation observation) => _all.Add(observation);

    public IReadOnlyList<Observation> Since(int count) => _all[count..];
}

internal abstract record Observation;

/// <summary>q asked p, and p received the TAKE.</summary>
internal sealed record Asked(RoundNumber Round, ProcessName Asker, ProcessName Process, Label LastLabelReceived) : Observation
{
    /// <summary>The answer of last_rmsg ≥ first_smsg > ⊥, without the guard against a second tentative checkpoint.</summary>
    public bool SaysSentSinceLastCheckpoint { get; init; }

    /// <summary>W_p of rule B6.</summary>
    public Label LastLabelSentBeforePermanent { get; init; }

    /// <summary>The label counter at the tentative checkpoint, if one is pending.</summary>
    public Label? LastLabelSentBeforeTentative { get; init; }
}

internal sealed record TentativeTaken(RoundNumber Round, ProcessName Process, ProcessName Parent, int HistoryLength, bool HeldAnother) : Observation;

internal sealed record Voted(RoundNumber Round, ProcessName Process, ProcessName To, bool Yes) : Observation;

internal sealed record Decided(RoundNumber Round, bool Commit) : Observation;

internal sealed record TentativeDecided(RoundNumber Round, ProcessName Process, bool Commit) : Observation;

internal sealed record DecisionForwarded(RoundNumber Round, ProcessName Process, ProcessName To) : Observation;

internal sealed record BasicMessageSent(ProcessName Process, MessageName Message, bool WhileTentative) : Observation;

internal sealed record ProcessFailed(ProcessName Process) : Observation;

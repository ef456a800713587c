using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Labels;

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
internal sealed record Asked(RoundNumber Round, ParticipantId Asker, ParticipantId Process, Label LastLabelReceived) : Observation
{
    /// <summary>The answer of last_rmsg ≥ first_smsg > ⊥, without the guard against a second tentative checkpoint.</summary>
    public bool SaysSentSinceLastCheckpoint { get; init; }

    /// <summary>W_p of rule B6.</summary>
    public Label LastLabelSentBeforePermanent { get; init; }

    /// <summary>The label counter at the tentative checkpoint, if one is pending.</summary>
    public Label? LastLabelSentBeforeTentative { get; init; }
}

internal sealed record TentativeTaken(RoundNumber Round, ParticipantId Process, ParticipantId Parent, int HistoryLength, bool HeldAnother) : Observation;

internal sealed record Voted(RoundNumber Round, ParticipantId Process, ParticipantId To, bool Yes) : Observation;

internal sealed record Decided(RoundNumber Round, bool Commit) : Observation;

internal sealed record TentativeDecided(RoundNumber Round, ParticipantId Process, bool Commit) : Observation;

internal sealed record DecisionForwarded(RoundNumber Round, ParticipantId Process, ParticipantId To) : Observation;

internal sealed record BasicMessageSent(ParticipantId Process, MessageName Message, bool WhileTentative) : Observation;

internal sealed record ProcessFailed(ParticipantId Process) : Observation;

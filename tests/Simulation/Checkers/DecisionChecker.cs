using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>A decision is one: nobody believes "committed" of a round of which somebody, who was in it, believes "aborted".</summary>
internal sealed class DecisionChecker(Action<string, string> report)
{
    private readonly Dictionary<RoundNumber, string> _committed = [];
    private readonly Dictionary<RoundNumber, string> _aborted = [];

    /// <param name="participant">Who believes it.</param>
    /// <param name="message">What it was told.</param>
    /// <param name="inDoubt">The number under which it has a snapshot that it has not given up, none if there is none.</param>
    public void OnBelieved(string participant, ToParticipant message, RoundNumber inDoubt)
    {
        switch (message)
        {
            case MakePermanent:
            case DecisionAnswered { Decision: Decision.Committed }:
                Note(message.Round, participant, _committed, _aborted);
                break;
            case UndoTentative when inDoubt == message.Round && !inDoubt.IsNone:
            case DecisionAnswered { Decision: Decision.Aborted } when inDoubt == message.Round:
                Note(message.Round, participant, _aborted, _committed);
                break;
        }
    }

    private void Note(RoundNumber round, string participant, Dictionary<RoundNumber, string> same, Dictionary<RoundNumber, string> opposite)
    {
        same.TryAdd(round, participant);
        if (opposite.TryGetValue(round, out var other))
        {
            report("one decision", $"round {round}: {participant} believes one thing and {other} another");
        }
    }
}

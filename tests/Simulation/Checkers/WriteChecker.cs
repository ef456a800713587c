using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// Guarantee G6: a committed round of N members costs N + 1 stable writes, and a clean participant writes nothing. Markers and the writes of the record
/// that drop what is proven (SPEC K7) are counted apart: at most one marker per member and round.
/// </summary>
internal sealed class WriteChecker(SimulatedCluster cluster)
{
    private readonly SortedDictionary<RoundNumber, SortedSet<string>> _written = [];
    private readonly Dictionary<RoundNumber, int> _decisionWrites = [];

    private readonly HashSet<(string Participant, RoundNumber Permanent)> _marked = [];

    public int Committed { get; private set; }

    /// <summary>Writes of the record that only drop or name.</summary>
    public int Drops { get; private set; }

    /// <summary>A participant is about to prove its permanent checkpoint.</summary>
    public void OnProving(CheckpointedActor participant)
    {
        if (participant.Host.IsGateClosed || participant.Host.Participant.Phase != ParticipantPhase.Idle)
        {
            cluster.Judges.Report("few writes", $"{participant.Name} writes a marker while it is {participant.Host.Participant.Phase}");
        }
    }

    public void OnMarkerWrite(string participant, RoundNumber permanent)
    {
        if (!_marked.Add((participant, permanent)) && cluster.Faults.EveryWriteIsKnown && cluster.Faults.Profile.LosesNoControlMessage)
        {
            cluster.Judges.Report("few writes", $"{participant} writes a second marker for {permanent} without any fault");
        }
    }

    public void OnSlotWrite(string participant, RoundNumber number, ActorState state, ActorState permanent)
    {
        if (state.LastChange == permanent.LastChange && state.Happened.SetEquals(permanent.Happened)
            && state.Received.SetEquals(permanent.Received) && state.Receipts == permanent.Receipts)
        {
            cluster.Judges.Report("few writes", $"{participant} is unchanged since its permanent checkpoint and writes for round {number}");
        }

        if (!_written.TryGetValue(number, out var writers))
        {
            _written.Add(number, writers = []);
        }

        if (!writers.Add(participant))
        {
            cluster.Judges.Report("few writes", $"{participant} writes twice for round {number}");
        }
    }

    public void OnDecisionWrite(CheckpointCoordinator coordinator, DecisionRecord record)
    {
        if (coordinator.Round is not { } round)
        {
            Drops += coordinator.Phase == CoordinatorPhase.Ready ? 1 : 0;
            return;
        }

        var initiators = round.Members.Values.Where(member => member.IsInitiator).Select(member => member.Id.ToString());
        cluster.Judges.Permanent.OnDecisionWrite(record.Stamp, initiators);
        var writes = _decisionWrites[round.Number] = _decisionWrites.GetValueOrDefault(round.Number) + 1;
        if (writes > 1 && cluster.Faults.EveryWriteIsKnown)
        {
            cluster.Judges.Report("few writes", $"round {round.Number} writes its decision {writes} times without any fault");
        }
    }

    /// <summary>The members that a commit made permanent are exactly those that wrote for it.</summary>
    public void OnCommitted(IEnumerable<(string Participant, RoundNumber Number)> permanent)
    {
        foreach (var component in permanent.GroupBy(entry => entry.Number, entry => entry.Participant))
        {
            Committed++;
            var writers = _written.GetValueOrDefault(component.Key) ?? [];
            if (!writers.SetEquals(component))
            {
                cluster.Judges.Report(
                    "few writes", $"round {component.Key} has the members {string.Join(", ", component)}, and {string.Join(", ", writers)} wrote for it");
            }
        }
    }
}

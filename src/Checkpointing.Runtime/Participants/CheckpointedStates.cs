using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Runtime.Participants;

/// <summary>All the named states of one grain: captured together, restored together, and compared with what is permanent.</summary>
internal sealed class CheckpointedStates(IGrainContext grain, ParticipantServices services)
{
    private readonly List<ICapturedState> _states = [];
    private ImmutableArray<(string Name, byte[] Bytes)> _unknown = [];

    public void Add(ICapturedState state)
    {
        if (_states.Exists(other => other.Name == state.Name))
        {
            throw new InvalidOperationException(
                $"Grain class {grain.GrainInstance?.GetType() ?? (object)grain.GrainId.Type} has two checkpointed states named '{state.Name}'. Give each its own name.");
        }

        _states.Add(state);
    }

    /// <summary>Throws what the serializer throws.</summary>
    public ImmutableArray<(string Name, byte[] Bytes)> Capture() => [.. _states.Select(state => (state.Name, state.Capture())), .. _unknown];

    public void Restore(ImmutableArray<(string Name, byte[] Bytes)> states, RoundNumber round)
    {
        _unknown = [];
        foreach (var (name, bytes) in states)
        {
            if (_states.Find(state => state.Name == name) is not { } state)
            {
                // A state that this version of the grain does not have any more stays in the record: nothing is lost by a deployment.
                _unknown = _unknown.Add((name, bytes));
                continue;
            }

            try
            {
                state.Restore(bytes);
            }
            catch (Exception exception)
            {
                throw new CheckpointedStateIncompatibleException(
                    $"State '{name}' of grain {grain.GrainId}, stored in storage '{services.StorageName}' by round {round}, cannot be read into the state type of the running code: "
                    + $"{exception.Message} Nothing was overwritten and the grain does not start. Deploy code that can read it, or migrate the record.",
                    exception)
                {
                    GrainId = grain.GrainId,
                    Round = round.ToString(),
                };
            }
        }
    }

    /// <summary>By a look at the states themselves, for changes that were made outside of calls. A state that cannot be captured counts as changed.</summary>
    public bool DifferFrom(UInt128 permanentHash)
    {
        try
        {
            return StateHash.Of(Capture()) != permanentHash;
        }
        catch (Exception exception)
        {
            services.Log.NotComparable(grain.GrainId.ToString(), exception);
            return true;
        }
    }
}

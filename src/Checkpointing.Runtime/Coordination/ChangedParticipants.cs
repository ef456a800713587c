using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Coordination;

/// <summary>Asks every silo's agent which of its grains may differ from their permanent checkpoints.</summary>
internal sealed class ChangedParticipants(AgentCalls agents, ISiloStatusOracle silos, ParticipantMessenger messenger, CoordinatorLog log)
{
    /// <summary>All of them, but for those of silos that did not answer and are not known to be gone.</summary>
    public async Task<(ImmutableArray<ParticipantId> Changed, IReadOnlyList<SiloAddress> Silent)> Ask()
    {
        var active = silos.GetApproximateSiloStatuses(onlyActive: true).Keys.ToList();
        var answers = await Task.WhenAll(active.Select(AskSilo));
        return (
            [.. answers.SelectMany(answer => answer ?? []).Select(grain => grain.ToParticipantId()).Distinct()],
            [.. active.Where((silo, i) => answers[i] is null && !silos.IsDeadSilo(silo))]);
    }

    private async Task<GrainId[]?> AskSilo(SiloAddress silo)
    {
        try
        {
            var changed = await agents.To(silo, agent => agent.ChangedParticipants());
            foreach (var grain in changed)
            {
                messenger.IsAt(grain.ToParticipantId(), silo);
            }

            return changed;
        }
        catch (Exception exception)
        {
            log.SiloNotAsked(silo, exception);
            return null;
        }
    }
}

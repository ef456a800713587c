using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>An actor without checkpointed state: during one call it forwards the union of all stamps received in that call, both ways (SPEC K5). A stateless one runs any number of calls at once, another one at a time.</summary>
internal sealed class Relay(SimulatedCluster cluster, string name, bool isStateless, SimulatedSilo silo) : SimulatedActor(cluster, name, isStateless, silo)
{
    private bool ForwardsNothing => Cluster.Mutation == Mutation.RelayForwardsNothing;

    public override (IReadOnlyList<MessageStamp> Stamps, ExactSet Carries) StampRequest(HandlerRun run, int message, string target)
    {
        var carries = run.Carries.Copy();
        carries.Add(message);
        return (ForwardsNothing ? [] : [.. run.Stamps], carries);
    }

    public override Response? Respond(HandlerRun run, CallRecord call)
    {
        var id = Cluster.NewId();
        var carries = run.Carries.Copy();
        carries.Add(id);
        return new Response(id, ForwardsNothing || !run.Request.WantsLabel ? [] : [.. run.Stamps], carries, HasLostCall: run.HasLostCall && Cluster.Mutation != Mutation.RelaysHideLosses, LostExactly: run.HasLostCall);
    }

    public override bool OnResponse(HandlerRun run, Response response)
    {
        run.Stamps.AddRange(response.Stamps);
        run.Carries.UnionWith(response.Carries);
        run.HasLostCall |= response.LostExactly;
        return true;
    }

    public override void OnCallLost(HandlerRun run) => run.HasLostCall = true;
}

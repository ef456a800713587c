using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>Calls that lost their context fail clearly, because they would carry no label (SPEC K23).</summary>
public sealed class LostContextTests(CheckpointedCluster cluster)
{
    public static MatrixTheoryData<string, bool> Ways => new(["ConfigureAwait(false)", "Task.Run", "one-way"], [false, true]);

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_call_outside_the_context_of_its_grain_is_refused(string how, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);

        var refused = await Assert.ThrowsAsync<CallLostItsContextException>(() => p.Perform(Script.Of(async self =>
        {
            var target = self.Own(q);
            switch (how)
            {
                case "Task.Run":
                    await Task.Run(() => target.Add(1));
                    break;
                case "one-way":
                    await Task.Run(() => target.Tell(1));
                    break;
                default:
                    await Task.Run(() => { }).ConfigureAwait(false);
                    await target.Add(1);
                    break;
            }
        })));

        Assert.Equal((p.GetGrainId(), q.GetGrainId()), (refused.Caller, refused.Target));
        Assert.Equal(p.GetGrainId(), Assert.IsAssignableFrom<CheckpointingException>(refused).GrainId);
        Assert.Contains("ConfigureAwait(false)", refused.Message, StringComparison.Ordinal);
        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((0, 0, 0), (atP.LastSequence, atP.Outstanding, atQ.Receipts.Length));
        Assert.Equal(1, await q.Add(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_of_a_timer_that_lost_its_context_is_refused(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var refused = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);

        await p.Perform(Script.Of(self =>
        {
            self.RegisterGrainTimer(
                async _ => refused.SetResult(await Record.ExceptionAsync(() => Task.Run(() => self.Own(q).Add(1)))),
                new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
            return Task.CompletedTask;
        }));

        Assert.IsType<CallLostItsContextException>(await refused.Task.WithTimeLimit());
    }

    [Fact]
    public void The_first_activation_of_a_type_is_watched_and_then_one_of_so_many()
    {
        var traits = new GrainTypeTraits(CallRole.Participant, AcceptsLabels: true, IsReentrant: false, MayInterleave: null);

        Assert.Equal([true, false, false, true, false, false, true], Enumerable.Range(0, 7).Select(_ => traits.WatchNextActivation(3)));
    }

    [Fact]
    public async Task Code_of_a_silo_that_never_was_in_a_grain_calls_as_a_client_does()
    {
        var q = await cluster.New<IParticipantGrain>();
        var services = ((InProcessSiloHandle)cluster.Cluster.Silos[0]).SiloHost.Services;

        var sum = await services.GetRequiredService<IGrainFactory>().GetGrain<IParticipantGrain>(q.GetPrimaryKeyString()).Add(4);

        Assert.Equal((4, 0), (sum, (await q.Ledger()).Receipts.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Work_started_without_the_grains_flow_calls_as_a_client_does(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        Task<int>? work = null;

        await p.Perform(Script.Of(self =>
        {
            var target = self.Own(q);
            using (ExecutionContext.SuppressFlow())
                work = Task.Run(() => target.Add(4));
            return Task.CompletedTask;
        }));

        Assert.Equal(4, await work!.WithTimeLimit());
        Assert.Empty((await q.Ledger()).Receipts);
    }
}

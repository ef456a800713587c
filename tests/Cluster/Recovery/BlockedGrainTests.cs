using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Coordination;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-21 for a grain that is there, but cannot look at its ledger because its code does not return.</summary>
public sealed class BlockedGrainTests
{
    [Fact]
    public async Task A_grain_whose_code_does_not_return_holds_up_nobody_and_rolls_back_when_it_has()
    {
        await using var cluster = await RecoveryCluster.Start(configure: silo => silo.Configure<RecoveryOptions>(recovery =>
        {
            recovery.Patience = TimeSpan.FromSeconds(2);
            recovery.ExaminationPatience = TimeSpan.FromSeconds(1);
        }));
        var (blocked, p, other) = (await cluster.OrphanToBe(name: "blocked"), await cluster.OrphanToBe(name: "p"), await cluster.On<IParticipantGrain>(0, "other"));
        await other.Put(5, self => self.Own(p).Put(1));
        using var returns = new ManualResetEventSlim();
        var running = await Block(blocked, returns);

        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRolledBack(other);
        Assert.NotEqual(0, cluster.Logged($", {blocked.GetGrainId()} for example, cannot look"));
        Assert.NotEqual(0, cluster.Logged($"although nobody has told of the stop of {blocked.GetGrainId()}@"));
        Assert.Equal((0, 0), (await p.Get(), await other.Get()));
        Assert.True(await cluster.IsRecovering());

        returns.Set();
        await running.WithTimeLimit();
        await cluster.UntilRolledBack(blocked);
        await cluster.UntilRecovered();
        Assert.Equal((0, 3), (await blocked.Get(), cluster.RolledBack));
    }

    /// <summary>RB-23: what it has received came from a grain that lives on, so nobody would ask about it again.</summary>
    [Fact]
    public async Task A_grain_whose_code_does_not_return_for_longer_than_silos_remember_rolls_back_when_it_has()
    {
        var memory = TimeSpan.FromSeconds(1);
        await using var cluster = await RecoveryCluster.Start(configure: silo => silo.Configure<RecoveryOptions>(recovery =>
            (recovery.Patience, recovery.ExaminationPatience, recovery.Memory) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.5), memory)));
        var (p, blocked) = (await cluster.OrphanToBe(name: "p"), await cluster.On<IParticipantGrain>(0, "blocked"));
        await blocked.Put(5, self => self.Own(p).Put(1));
        using var returns = new ManualResetEventSlim();
        var running = await Block(blocked, returns);
        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        await Task.Delay(memory * 5, TestContext.Current.CancellationToken);

        returns.Set();
        await running.WithTimeLimit();
        await cluster.UntilRolledBack(blocked);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 2), (await p.Get(), await blocked.Get(), cluster.RolledBack));
    }

    /// <summary>Its turns come always later than its silo waits for them, and nobody else has heard from what was lost.</summary>
    [Fact]
    public async Task A_grain_that_is_always_slow_is_found_all_the_same()
    {
        await using var cluster = await RecoveryCluster.Start();
        var slow = await cluster.OrphanToBe(name: "slow");
        var load = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (cluster.RolledBack == 0 && !TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                await Record.ExceptionAsync(() => slow.Put(1, async _ =>
                {
                    await Task.Yield();
                    Thread.Sleep(TimeSpan.FromSeconds(1.4));
                }));
            }
        })));
        await cluster.Lose(1);
        await cluster.UntilRolledBack(slow);
        await load.WithTimeLimit();
        await cluster.UntilRecovered();
        Assert.Equal(1, cluster.RolledBack);
    }

    /// <summary>Its code blocks its thread until it returns. Ends when that has begun.</summary>
    /// <returns>The call that does not return.</returns>
    private static async Task<Task> Block(IParticipantGrain grain, ManualResetEventSlim returns)
    {
        var began = new Signal();
        var running = grain.Put(1, _ =>
        {
            began.Set();
            returns.Wait(TimeSpan.FromMinutes(1));
            return Task.CompletedTask;
        });
        await began.Happens;
        return running;
    }
}

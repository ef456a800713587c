using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Rounds while everything happens that can happen to grains. Short by default, long with CHECKPOINTING_SOAK=1.</summary>
[Collection(nameof(UnderLoad))]
public sealed class KindsOfWorkTests
{
    private const int Accounts = 16;

    private static int Rounds => Soak.Choose(60, 1_000);

    [Fact]
    public async Task Relays_reentrant_grains_reads_timers_and_new_grains_keep_sums_conserved()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        for (var i = 0; i < 3; i++)
            await cluster.Account(i).TransferByTimer((i + 1L) << 40, RoundsCluster.Key(Accounts - 1), TimeSpan.FromMilliseconds(5));

        var load = Load.Start(16, Soak.Seed, random => Call(cluster, random));
        var rounds = await Run(cluster);
        for (var i = 0; i < 3; i++)
            await cluster.Account(i).StopTimer();
        await load.Stop();
        Report.Write($"{load.Calls} calls, {rounds.Describe()}");
        await cluster.ComeToRest();
        Assert.True(cluster.Judge.PermanentStates.Count > Accounts * 2, "No grain was created on the way.");
        Assert.Equal(0, BankWatch.Overlaps);
    }

    [Fact]
    public async Task One_way_calls_are_in_transit_or_received_but_never_orphans()
    {
        await using var cluster = await RoundsCluster.Start();
        var load = Load.Start(8, Soak.Seed, async random =>
        {
            var (from, to) = Bank.TwoOf(Accounts, random);
            await cluster.Account(from).TransferOneWay(Bank.NextTransfer(), RoundsCluster.Key(to), random.Next(100));
        });
        var rounds = await Run(cluster);
        await load.Stop();
        Report.Write($"{load.Calls} calls, {rounds.Describe()}");
        await cluster.ComeToRest();
        Assert.Null(Bank.Conserved(withEntries: false)(cluster.Judge.PermanentStates));
        Assert.Equal(load.Calls, cluster.Judge.PermanentStates.Sum(state => state.Credits.Count));
    }

    [Fact]
    public async Task Nothing_is_lost_when_changed_grains_migrate_or_deactivate_during_rounds()
    {
        await using var cluster = await RoundsCluster.Start();
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var load = Load.Start(8, Soak.Seed, random =>
        {
            var (from, to) = Bank.TwoOf(Accounts, random);
            return cluster.Account(from).Transfer(Bank.NextTransfer(), RoundsCluster.Key(to), random.Next(100));
        });
        var activations = BankWatch.Activations;
        var rounds = await Run(cluster, async i =>
        {
            var account = cluster.Account(i % Accounts);
            if (i % 6 == 0)
                await account.Leave();
            else if (i % 6 == 3)
                await cluster.Migrate(account, i / 6 % 2);
        });
        await load.Stop();
        Report.Write($"{load.Calls} calls, {BankWatch.Activations - activations} activations, {rounds.Describe()}");
        Assert.True(BankWatch.Activations - activations > Accounts, "No grain went.");
        await cluster.AssertEverythingIsPermanent(load.Calls);
        Assert.Equal(0, BankWatch.Overlaps);
    }

    private static Task Call(RoundsCluster cluster, Random random)
    {
        var (from, to) = Bank.TwoOf(Accounts, random);
        var id = Bank.NextTransfer();
        return random.Next(12) switch
        {
            < 3 => cluster.Account(from).Transfer(id, RoundsCluster.Key(to), random.Next(100)),

            // The workers are few, and whoever waits for one must not be waited for by another.
            < 5 => cluster.Account(random.Next(Accounts / 2)).TransferThroughRelay(id, RoundsCluster.Key(random.Next(Accounts / 2, Accounts)), random.Next(100)),
            < 8 => cluster.Client.GetGrain<IReentrantAccountGrain>($"open-{from}").Transfer(id, $"open-{to}", random.Next(100)),
            8 => cluster.Account(from).Balance(),
            9 => cluster.Account(from).BalanceOf(RoundsCluster.Key(to)),
            10 => cluster.Client.GetGrain<IReentrantAccountGrain>($"open-{from}").BalanceOf($"open-{to}"),
            _ => cluster.Account(from).Transfer(id, RoundsCluster.Key(1_000 + random.Next(500)), random.Next(100)),
        };
    }

    private static async Task<List<CheckpointResult>> Run(RoundsCluster cluster, Func<int, Task>? between = null)
    {
        var rounds = new List<CheckpointResult>();
        for (var i = 0; i < Rounds; i++)
        {
            var change = between?.Invoke(i) ?? Task.CompletedTask;
            rounds.Add(await cluster.Checkpoint(i % 2 == 0 ? null : cluster.Account(i % Accounts).GetGrainId()));
            await change.WithTimeLimit();
        }

        return rounds;
    }
}

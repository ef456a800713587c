using System.Collections.Concurrent;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.Rounds;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime.Messaging;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>
/// The bank under load while one silo after another is lost: G1 at every decision, and the live state too once it has recovered. Short by default;
/// CHECKPOINTING_SOAK=1 makes it long, CHECKPOINTING_SEED repeats a run's choices.
/// </summary>
[Collection(nameof(UnderLoad))]
public sealed class BankUnderLossTests
{
    private const int Accounts = 24;
    private const int TransfersBetweenLosses = 150;

    // A client does not hear of lost silos, nor does a grain whose call another silo has passed on to the lost one: that one waits twice as long.
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(4);

    private static int Losses => Soak.Choose(3, 40);

    [Fact]
    public Task No_money_is_lost_or_made_however_many_silos_are_lost() => Run(Losses, async (cluster, random) =>
    {
        await cluster.Kill(cluster.Silos[random.Next(cluster.Silos.Count)]);
        await cluster.StartSilo();
    });

    /// <summary>RB-17: all or nothing, beside rounds and calls.</summary>
    [Fact]
    public async Task No_money_is_lost_or_made_however_often_a_rollback_is_asked_for()
    {
        var outcomes = new List<RollbackResult>();
        await Run(Soak.Choose(10, 200), async (cluster, random) =>
        {
            outcomes.Add(await cluster.Coordinator.RollBack(cluster.Account(random.Next(Accounts)).GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit());
        });
        Report.Write(string.Join(", ", outcomes.Select(outcome => $"{outcome.Status} {outcome.Reason} {outcome.Participants.Length} {outcome.Duration.TotalMilliseconds:F0} ms")));
        Assert.Contains(outcomes, outcome => outcome is { Status: RollbackStatus.RolledBack, Participants.Length: > 1 });
    }

    private static async Task Run(int times, Func<RoundsCluster, Random, Task> disturb)
    {
        var log = new LogLines();
        await using var cluster = await RoundsCluster.Start(
            options =>
            {
                options.CheckpointInterval = TimeSpan.FromMilliseconds(200);
                options.DecisionPollInterval = TimeSpan.FromMilliseconds(200);
            },
            silo =>
            {
                silo.Services.AddSingleton<ILoggerProvider>(log);
                silo.Services.AddLogging(logging => logging.AddFilter("Checkpointing.Runtime.Participants", LogLevel.Debug));
                silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = 2 * ResponseTimeout);
            },
            silos: 3,
            client: client => client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = ResponseTimeout));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        var random = new Random(Soak.Seed);
        using var load = new Callers(12, Soak.Seed, choice => Transfer(cluster, choice));
        for (var time = 0; time < times; time++)
        {
            var (transfers, decisions) = (load.Succeeded, cluster.Judge.Decisions.Count);
            await Eventually.Holds(() => load.Succeeded >= transfers + TransfersBetweenLosses && cluster.Judge.Decisions.Count > decisions);
            await disturb(cluster, random);
        }

        await load.Stop();
        var live = await BalancesAtRest(cluster);
        for (var round = 1; (await cluster.Coordinator.CheckpointAll(TestContext.Current.CancellationToken).WithTimeLimit()).Status != CheckpointStatus.NothingToDo; round++)
            Assert.True(round < 20, "The grains never come to rest.");

        var rolledBack = log.All.Count(line => line.Text.Contains("rolled back to its permanent checkpoint", StringComparison.Ordinal));
        Report.Write($"{load.Succeeded} transfers, {load.Describe()}; {cluster.Judge.Decisions.Count} decisions, {times} times disturbed, {rolledBack} grains rolled back");
        cluster.Judge.AssertNoViolation();
        Assert.Equal(0, live.Sum());
        Assert.Null(cluster.Judge.Invariant(cluster.Judge.PermanentStates));
        Assert.NotEqual(0, rolledBack);
        Assert.True(load.Unexpected.IsEmpty, string.Join('\n', load.Unexpected.Select(exception => exception.Message)));
        Assert.Equal(0, BankWatch.Overlaps);
        Assert.False(await IsRecovering(cluster));
    }

    /// <summary>A call that is still on its way to a lost silo may yet make its caller an orphan.</summary>
    private static async Task<long[]> BalancesAtRest(RoundsCluster cluster)
    {
        long[] balances = [];
        await Eventually.Holds(async () =>
        {
            if (await IsRecovering(cluster) || cluster.Hosts.Any(host => host.Activation.Turns.ActiveHandlers > 0))
                return false;

            try
            {
                balances = await Task.WhenAll(Enumerable.Range(0, Accounts).Select(account => cluster.Account(account).Balance()));
            }
            catch (Exception exception) when (IsOfALoss(exception))
            {
                return false;
            }

            return !await IsRecovering(cluster);
        });
        return balances;
    }

    private static async Task<bool> IsRecovering(RoundsCluster cluster)
    {
        try
        {
            return await cluster.Coordinator.IsRecovering(TestContext.Current.CancellationToken).WithTimeLimit();
        }
        catch (Exception exception) when (IsOfALoss(exception))
        {
            // The client's gateway or the coordinator was on the silo that was lost last.
            return true;
        }
    }

    private static bool IsOfALoss(Exception exception) => exception switch
    {
        RolledBackException or OrleansMessageRejectionException or ConnectionFailedException => true,
        TimeoutException or OperationCanceledException => exception.Message.Contains("[ sys.client/", StringComparison.Ordinal) || exception.Message.StartsWith("Message expired before placement", StringComparison.Ordinal),
        _ => false,
    };

    private static Task Transfer(RoundsCluster cluster, Random random)
    {
        var id = Bank.NextTransfer();
        var (from, to) = Bank.TwoOf(Accounts, random);
        return random.Next(4) switch
        {
            0 => cluster.Account(from).TransferThroughRelay(id, RoundsCluster.Key(to), random.Next(100)),
            1 => cluster.Client.GetGrain<IAccountGrain>($"teller-{random.Next(6)}").TransferBetween(id, RoundsCluster.Key(from), RoundsCluster.Key(to), random.Next(100)),
            _ => cluster.Account(from).Transfer(id, RoundsCluster.Key(to), random.Next(100)),
        };
    }

    /// <summary>Callers that go on when a call fails because a silo was lost. A time-out between grains would be seen as such.</summary>
    private sealed class Callers : IDisposable
    {
        private readonly ConcurrentDictionary<string, int> _failures = new();
        private readonly Task _callers;
        private long _succeeded;
        private volatile bool _stopping;

        public Callers(int callers, int seed, Func<Random, Task> call)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{callers} callers. Replay: {Soak.Replay(seed)}");
            _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => Run(new Random(seed + caller), call))));
        }

        public long Succeeded => Interlocked.Read(ref _succeeded);

        public ConcurrentQueue<Exception> Unexpected { get; } = [];

        public string Describe() => string.Join(", ", _failures.OrderBy(failure => failure.Key).Select(failure => $"{failure.Value} {failure.Key}"));

        public Task Stop()
        {
            _stopping = true;
            return _callers.WaitAsync(TimeSpan.FromSeconds(40), TestContext.Current.CancellationToken);
        }

        public void Dispose() => _stopping = true;

        private async Task Run(Random random, Func<Random, Task> call)
        {
            while (!_stopping)
            {
                try
                {
                    await call(random);
                    Interlocked.Increment(ref _succeeded);
                }
                catch (Exception exception)
                {
                    _failures.AddOrUpdate(exception.GetType().Name, 1, (_, times) => times + 1);
                    if (!IsOfALoss(exception))
                        Unexpected.Enqueue(exception);
                }
            }
        }
    }
}

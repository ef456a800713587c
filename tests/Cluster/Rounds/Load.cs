using System.Collections.Concurrent;
using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Callers that make one call after another until they are stopped. Every call must have its answer.</summary>
internal sealed class Load
{
    private readonly ConcurrentQueue<Exception> _failures = [];
    private readonly Task _callers;
    private long _calls;
    private volatile bool _stopping;

    private Load(int callers, int seed, Func<Random, Task> call)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{callers} callers. Replay: {Soak.Replay(seed)}");
        _callers = Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => Run(new Random(seed + caller), call))));
    }

    public long Calls => Interlocked.Read(ref _calls);

    public static Load Start(int callers, int seed, Func<Random, Task> call) => new(callers, seed, call);

    /// <summary>Waits for the answer to every call.</summary>
    public async Task Stop()
    {
        _stopping = true;
        await _callers.WithTimeLimit();
        Assert.True(_failures.IsEmpty, $"{_failures.Count} calls failed: {string.Join('\n', _failures.Take(3))}");
    }

    private async Task Run(Random random, Func<Random, Task> call)
    {
        while (!_stopping)
        {
            try
            {
                await call(random);
            }
            catch (Exception exception)
            {
                _failures.Enqueue(exception);
            }

            Interlocked.Increment(ref _calls);
        }
    }
}

/// <summary>How long the tests under load run: short as part of every build, long with CHECKPOINTING_SOAK=1 in the environment, as <c>.ci/run --soak</c> sets it.</summary>
internal static class Soak
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("CHECKPOINTING_SOAK") == "1";

    /// <summary>Of every seed; CHECKPOINTING_SEED sets it.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("CHECKPOINTING_SEED"), out var seed) ? seed : 20260;

    public static T Choose<T>(T usual, T soak) => IsOn ? soak : usual;

    /// <summary>What to type to make the same choices again; the runtime's own order of events is not repeated by it.</summary>
    public static string Replay(int seed) =>
        $"{(IsOn ? "CHECKPOINTING_SOAK=1 " : "")}CHECKPOINTING_SEED={seed} dotnet test -c Release --project tests/Cluster --filter-class {TestContext.Current.TestClass?.TestClassName}";
}

/// <summary>Tests that load the machine run one after another, and not beside others.</summary>
[CollectionDefinition(nameof(UnderLoad), DisableParallelization = true)]
public sealed class UnderLoad;

internal static class Pauses
{
    public static string Describe(this IReadOnlyCollection<CheckpointResult> rounds)
    {
        var pauses = rounds.Where(round => round.Status == CheckpointStatus.Committed).Select(round => round.Pause.TotalMilliseconds).Order().ToArray();
        return pauses.Length == 0
            ? "no round committed"
            : $"{pauses.Length} of {rounds.Count} committed; pause median {pauses[pauses.Length / 2]:F1} ms, 95 % {pauses[pauses.Length * 95 / 100]:F1} ms, "
                + $"largest {pauses[^1]:F1} ms; attempts {string.Join(", ", rounds.GroupBy(round => round.Attempts).OrderBy(group => group.Key).Select(group => $"{group.Key}: {group.Count()}"))}; "
                + $"retakes {rounds.Sum(round => round.Retakes)}; members up to {rounds.Max(round => round.Participants.Count)}; "
                + string.Join(", ", rounds.Where(round => round.Status != CheckpointStatus.Committed).GroupBy(round => $"{round.Status} {round.Reason}").Select(group => $"{group.Count()} {group.Key}"));
    }
}

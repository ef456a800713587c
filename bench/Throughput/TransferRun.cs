using System.Diagnostics;
using Checkpointing.Bench.Grains;

namespace Checkpointing.Bench.Throughput;

/// <summary>One run of one mode: callers make transfers, each one after the other, and time each.</summary>
internal static class TransferRun
{
    private const int LargestAmount = 1_000;

    public static async Task<RunFigures> Run(ModeSilo silo, ThroughputOptions options, TimeSpan length, int seed)
    {
        // The garbage of the mode before is not this mode's cost.
        GC.Collect();
        GC.WaitForPendingFinalizers();

        using var stop = new CancellationTokenSource();
        var started = Stopwatch.GetTimestamp();
        stop.CancelAfter(length);
        var rounds = silo.Mode.TakesRounds ? TakeRounds(silo.Grains, stop.Token) : Task.FromResult(new RoundFigures(0, 0));
        var callers = await Task.WhenAll(Enumerable.Range(0, options.Callers).Select(caller => Task.Run(() => Call(silo, options.Accounts, caller, seed, stop.Token))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        return RunFigures.Of(elapsed, callers, await rounds);
    }

    private static async Task<List<long>> Call(ModeSilo silo, int accounts, int caller, int seed, CancellationToken stop)
    {
        var transfers = silo.Grains.GetGrain<ITransferGrain>(BenchGrains.Id(GrainType.Create(silo.Mode.TransferType), caller));
        var random = new Random((seed * 1_000) + caller);
        var latencies = new List<long>(1 << 16);
        while (!stop.IsCancellationRequested)
        {
            var from = random.Next(accounts);
            var to = (from + 1 + random.Next(accounts - 1)) % accounts;
            var began = Stopwatch.GetTimestamp();
            await transfers.Transfer(from, to, random.Next(1, LargestAmount));
            latencies.Add(Stopwatch.GetTimestamp() - began);
        }

        return latencies;
    }

    private static async Task<RoundFigures> TakeRounds(IGrainFactory grains, CancellationToken stop)
    {
        var coordinator = grains.GetCheckpointCoordinator();
        var (committed, aborted) = (0, 0);
        using var timer = new PeriodicTimer(ThroughputOptions.RoundInterval);
        try
        {
            // The first at once: a run of one second has one round, not none.
            do
            {
                var result = await coordinator.CheckpointAll(CancellationToken.None);
                if (result.Status is CheckpointStatus.Aborted or CheckpointStatus.PartlyCommitted)
                    aborted++;
                else if (result.Status == CheckpointStatus.Committed)
                    committed++;
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }

        return new RoundFigures(committed, aborted);
    }
}

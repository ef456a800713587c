using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Http;
using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Demo.Silos;

/// <summary>What the silos that serve say of themselves.</summary>
internal sealed class SiloViews(SiloCluster cluster, BankClient bank)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<(string Silo, int Position)> _seen = [];
    private readonly List<RolledBackGrain> _rolledBack = [];

    /// <summary>Asks the silos in all places, which must run.</summary>
    public Task<SiloView[]> ByPlace(CancellationToken cancellationToken) => Task.WhenAll(cluster.Addresses.Select(silo => bank.GetSilo(silo, cancellationToken)));

    /// <summary>Asks all silos that serve.</summary>
    public Task<SiloView[]> All(CancellationToken cancellationToken) => Task.WhenAll(cluster.Serving.Select(silo => bank.GetSilo(silo, cancellationToken)));

    /// <summary>Whether one of the silos says that grains may still have to roll back.</summary>
    public static bool IsRollbackPending(IEnumerable<SiloView> views) => views.Any(view => view.RollbackPending);

    /// <summary>Asks all silos again and again until their answers fit.</summary>
    public async Task<SiloView[]> WaitUntil(Predicate<SiloView[]> fit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var views = await All(cancellationToken);
            if (fit(views))
                return views;

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>The same; null if the answers do not fit within this time.</summary>
    public async Task<SiloView[]?> WaitUntil(Predicate<SiloView[]> fit, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            return await WaitUntil(fit, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Notes which grains were rolled back so far. What a silo rolls back after it was last asked ends with it.</summary>
    public async Task NoteRolledBack(CancellationToken cancellationToken) =>
        _rolledBack.AddRange((await All(cancellationToken)).SelectMany(view => view.RolledBack.Where((_, position) => _seen.Add((view.Silo, position)))));

    /// <summary>The grains that were rolled back since this was last asked for.</summary>
    public async Task<IReadOnlyCollection<RolledBackGrain>> TakeRolledBack(CancellationToken cancellationToken)
    {
        await NoteRolledBack(cancellationToken);
        RolledBackGrain[] taken = [.. _rolledBack];
        _rolledBack.Clear();
        return taken;
    }
}

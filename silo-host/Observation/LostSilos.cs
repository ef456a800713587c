using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Checkpointing.SiloHost.Observation;

/// <summary>Which silos this one knows to be dead, and since when.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class LostSilos(IClusterMembershipService membership) : BackgroundService
{
    private readonly ConcurrentDictionary<SiloAddress, DateTimeOffset> _noticed = new();

    public IReadOnlyCollection<SiloAddress> Addresses => [.. _noticed.Keys];

    public IReadOnlyList<LostSilo> All => [.. _noticed.Select(lost => new LostSilo(lost.Key.ToParsableString(), lost.Value))];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                foreach (var member in snapshot.Members.Values.Where(member => member.Status == SiloStatus.Dead))
                    _noticed.TryAdd(member.SiloAddress, DateTimeOffset.UtcNow);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }
}

/// <summary>A silo that is known to be dead.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="NoticedAt">When this silo heard of it.</param>
internal sealed record LostSilo(string Silo, DateTimeOffset NoticedAt);

using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Runtime.Silos;

/// <summary>The participants that are active on this silo.</summary>
internal sealed class ParticipantRegistry
{
    private readonly ConcurrentDictionary<GrainId, ParticipantHost> _hosts = new();

    /// <summary>Whoever is added or removed meanwhile may be among them or not.</summary>
    public IEnumerable<ParticipantHost> All => _hosts.Select(entry => entry.Value);

    /// <summary>The participants that may have received something from one of these.</summary>
    public IEnumerable<ParticipantHost> ConcernedBy(PeerFilter lost) => All.Where(host => host.Activation.MayBeConcerned(lost));

    public bool TryGet(GrainId grainId, [NotNullWhen(true)] out ParticipantHost? host) => _hosts.TryGetValue(grainId, out host);

    public void Add(ParticipantHost host) => _hosts[host.GrainId] = host;

    public void Remove(ParticipantHost host) => _hosts.TryRemove(new KeyValuePair<GrainId, ParticipantHost>(host.GrainId, host));
}

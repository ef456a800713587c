using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Runtime.Silos;

/// <summary>The participants that are active on this silo.</summary>
internal sealed class ParticipantRegistry
{
    private readonly ConcurrentDictionary<GrainId, ParticipantHost> _hosts = new();
    private readonly ConcurrentDictionary<CheckpointedActivation, bool> _withStarting = new();

    /// <summary>Whoever is added or removed meanwhile may be among them or not.</summary>
    public IEnumerable<ParticipantHost> All => _hosts.Select(entry => entry.Value);

    /// <summary>Their activations, and those that run OnActivateAsync.</summary>
    public IEnumerable<CheckpointedActivation> AllWithStarting => _withStarting.Select(entry => entry.Key);

    /// <summary>The participants that may have received something from one of these.</summary>
    public IEnumerable<ParticipantHost> ConcernedBy(PeerFilter lost) => All.Where(host => host.Activation.MayBeConcerned(lost));

    public bool TryGet(GrainId grainId, [NotNullWhen(true)] out ParticipantHost? host) => _hosts.TryGetValue(grainId, out host);

    public void AddWhileActive(CheckpointedActivation activation, IGrainLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(ParticipantRegistry),
        GrainLifecycleStage.First,
        _ =>
        {
            _withStarting[activation] = true;
            return Task.CompletedTask;
        },
        _ =>
        {
            _withStarting.TryRemove(activation, out bool _);
            return Task.CompletedTask;
        });

    public void Add(ParticipantHost host) => _hosts[host.GrainId] = host;

    public void Remove(ParticipantHost host) => _hosts.TryRemove(new KeyValuePair<GrainId, ParticipantHost>(host.GrainId, host));
}

using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Cuts silos off from their store: what they do from then on never happened.</summary>
internal sealed class PowerSwitch
{
    private readonly ConcurrentDictionary<SiloAddress, bool> _lost = new();

    public bool IsOff { get; set; }

    public void CutOff(SiloAddress silo) => _lost[silo] = true;

    /// <summary>The store as the silo with these services reaches it.</summary>
    public IGrainStorage Before(IGrainStorage store, IServiceProvider silo) => new Switched(this, store, silo.GetRequiredService<ILocalSiloDetails>());

    private void ThrowIfOff(ILocalSiloDetails silo)
    {
        if (IsOff || _lost.ContainsKey(silo.SiloAddress))
            throw new IOException("the store is switched off");
    }

    private sealed class Switched(PowerSwitch power, IGrainStorage store, ILocalSiloDetails silo) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            power.ThrowIfOff(silo);
            return store.ReadStateAsync(stateName, grainId, grainState);
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            power.ThrowIfOff(silo);
            return store.WriteStateAsync(stateName, grainId, grainState);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();
    }
}

using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Cuts silos off from their store: what they do from then on never happened.</summary>
internal sealed class PowerSwitch
{
    public bool IsOff { get; set; }

    public IGrainStorage Before(IGrainStorage store) => new Switched(this, store);

    private void ThrowIfOff()
    {
        if (IsOff)
            throw new IOException("the store is switched off");
    }

    private sealed class Switched(PowerSwitch power, IGrainStorage store) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            power.ThrowIfOff();
            return store.ReadStateAsync(stateName, grainId, grainState);
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            power.ThrowIfOff();
            return store.WriteStateAsync(stateName, grainId, grainState);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();
    }
}

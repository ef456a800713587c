using System.Collections.Concurrent;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Grain storage in the memory of the test's process, shared by all silos. Every write passes the judge in the instant in which it takes effect.</summary>
internal sealed class SharedStorage(RoundJudge judge)
{
    private readonly RecordStore _records = new() { Landed = judge.OnWritten };

    private readonly ConcurrentDictionary<SiloAddress, bool> _lost = new();

    /// <summary>What that silo does from now on never happened.</summary>
    public void CutOff(SiloAddress silo) => _lost[silo] = true;

    /// <summary>What every write waits for before it takes effect.</summary>
    public Func<string, GrainId, Task>? BeforeWrite { get; set; }

    public IGrainStorage Of(IServiceProvider silo) => new View(this, judge, silo);

    /// <summary>The storage as one silo sees it: knows the gates of that silo.</summary>
    private sealed class View(SharedStorage shared, RoundJudge judge, IServiceProvider silo) : IGrainStorage
    {
        private readonly SiloAddress _address = silo.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        private ParticipantRegistry? _registry;

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            ThrowIfLost();
            RefuseInsideClosedGate(grainId, "read begins");
            return shared._records.ReadStateAsync(stateName, grainId, grainState);
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var isFence = stateName != RecordStore.Decisions && SlotRecord.Open((StoredRecord)(object)grainState.State!).Head.IsFence;
            RefuseInsideClosedGate(grainId, "write begins", isFence);
            if (shared.BeforeWrite is { } before)
                await before(stateName, grainId);

            ThrowIfLost();
            await shared._records.WriteStateAsync(stateName, grainId, grainState);
            RefuseInsideClosedGate(grainId, "write ends", isFence);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

        private void ThrowIfLost()
        {
            if (shared._lost.ContainsKey(_address))
                throw new IOException($"{_address} is lost");
        }

        /// <summary>A fence may be on its way when a gate closes, but no gate waits for it.</summary>
        private void RefuseInsideClosedGate(GrainId grain, string what, bool isFence = false)
        {
            if (isFence)
                return;

            _registry ??= silo.GetRequiredService<ParticipantRegistry>();
            if (_registry.TryGet(grain, out var host) && host.Activation.Turns.IsClosed)
                judge.Violated($"a {what} at {grain} while its gate is closed");
        }
    }
}

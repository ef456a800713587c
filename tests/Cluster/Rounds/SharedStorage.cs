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

    /// <summary>What every write waits for before it takes effect.</summary>
    public Func<string, GrainId, Task>? BeforeWrite { get; set; }

    public IGrainStorage Of(IServiceProvider silo) => new View(this, judge, silo);

    /// <summary>The storage as one silo sees it: knows the gates of that silo.</summary>
    private sealed class View(SharedStorage shared, RoundJudge judge, IServiceProvider silo) : IGrainStorage
    {
        private ParticipantRegistry? _registry;

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            RefuseInsideClosedGate(grainId, "read begins");
            return shared._records.ReadStateAsync(stateName, grainId, grainState);
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            RefuseInsideClosedGate(grainId, "write begins");
            if (shared.BeforeWrite is { } before)
                await before(stateName, grainId);

            await shared._records.WriteStateAsync(stateName, grainId, grainState);
            if (!IsMarker(stateName, grainState))
                RefuseInsideClosedGate(grainId, "write ends");
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

        // Begun before the gate closed; nothing in the round waits for it.
        private static bool IsMarker<T>(string stateName, IGrainState<T> state) =>
            stateName != RecordStore.Decisions && state.State is StoredRecord stored && SlotRecord.Open(stored).Head.IsFence;

        private void RefuseInsideClosedGate(GrainId grain, string what)
        {
            _registry ??= silo.GetRequiredService<ParticipantRegistry>();
            if (_registry.TryGet(grain, out var host) && host.Activation.Turns.IsClosed)
                judge.Violated($"a {what} at {grain} while its gate is closed");
        }
    }
}

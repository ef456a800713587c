using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Grain storage in the memory of the test's process, shared by all silos. Every write passes the judge in the instant in which it takes effect.</summary>
internal sealed class SharedStorage(RoundJudge judge)
{
    private readonly Dictionary<(string Name, GrainId Grain), (StoredRecord Record, long ETag)> _records = [];
    private readonly Lock _lock = new();
    private long _lastETag;

    /// <summary>What every write waits for before it takes effect.</summary>
    public Func<string, GrainId, Task>? BeforeWrite { get; set; }

    public IGrainStorage Of(IServiceProvider silo) => new View(this, judge, silo);

    private void Read(string name, GrainId grain, IGrainState<StoredRecord> state)
    {
        lock (_lock)
        {
            state.RecordExists = _records.TryGetValue((name, grain), out var found);
            state.State = found.Record!;
            state.ETag = state.RecordExists ? found.ETag.ToString() : null!;
        }
    }

    private void Write(string name, GrainId grain, IGrainState<StoredRecord> state)
    {
        lock (_lock)
        {
            var current = _records.TryGetValue((name, grain), out var found) ? found.ETag.ToString() : null;
            if (current != state.ETag)
                throw new InconsistentStateException($"{name} of {grain} has ETag {current}, not {state.ETag}.", current, state.ETag);

            var record = new StoredRecord { Format = state.State!.Format, Checksum = state.State.Checksum, Content = [.. state.State.Content] };
            _records[(name, grain)] = (record, ++_lastETag);
            state.ETag = _lastETag.ToString();
            state.RecordExists = true;
            judge.OnWritten(name, grain, record);
        }
    }

    /// <summary>The storage as one silo sees it: knows the gates of that silo.</summary>
    private sealed class View(SharedStorage shared, RoundJudge judge, IServiceProvider silo) : IGrainStorage
    {
        private ParticipantRegistry? _registry;

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            RefuseInsideClosedGate(grainId, "read begins");
            shared.Read(stateName, grainId, (IGrainState<StoredRecord>)grainState);
            return Task.CompletedTask;
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            RefuseInsideClosedGate(grainId, "write begins");
            if (shared.BeforeWrite is { } before)
            {
                await before(stateName, grainId);
                RefuseInsideClosedGate(grainId, "write ends");
            }

            shared.Write(stateName, grainId, (IGrainState<StoredRecord>)grainState);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

        private void RefuseInsideClosedGate(GrainId grain, string what)
        {
            _registry ??= silo.GetRequiredService<ParticipantRegistry>();
            if (_registry.TryGet(grain, out var host) && host.Activation.Turns.IsClosed)
                judge.Violated($"a {what} at {grain} while its gate is closed");
        }
    }
}

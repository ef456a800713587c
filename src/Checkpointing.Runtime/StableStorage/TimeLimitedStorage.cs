using Orleans.Storage;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>
/// A storage provider that may never answer. After the limit its callers go on: of a read they know nothing, and of a write they must take every outcome
/// for possible, now or later. A late answer reaches nobody: the provider is given a state of its own to change.
/// </summary>
internal sealed class TimeLimitedStorage(IGrainStorage storage, TimeSpan limit, TimeProvider time) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Limit(grainState, state => storage.ReadStateAsync(stateName, grainId, state), "it did not answer");

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Limit(grainState, state => storage.WriteStateAsync(stateName, grainId, state), "it did not answer, and may have stored the record or store it later");

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Limit(grainState, state => storage.ClearStateAsync(stateName, grainId, state), "it did not answer");

    private async Task Limit<T>(IGrainState<T> grainState, Func<IGrainState<T>, Task> request, string whatIsKnown)
    {
        var state = new GrainState<T> { State = grainState.State, ETag = grainState.ETag, RecordExists = grainState.RecordExists };
        var answer = request(state);
        try
        {
            await answer.WaitAsync(limit, time);
        }
        catch (TimeoutException) when (!answer.IsCompleted)
        {
            answer.Ignore();
            throw new TimeoutException($"{whatIsKnown} (within {limit})");
        }

        grainState.State = state.State;
        grainState.ETag = state.ETag;
        grainState.RecordExists = state.RecordExists;
    }
}

using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

/// <summary>Short forms of what tests do to one record.</summary>
internal static class StorageOperations
{
    public static GrainId Grain(string key) => GrainId.Create("account", key);

    public static async Task<GrainState<string>> Write(this IGrainStorage storage, string key, string state, string? etag = null)
    {
        var held = new GrainState<string>(state, etag);
        await storage.WriteStateAsync("state", Grain(key), held, TestContext.Current.CancellationToken);
        return held;
    }

    public static async Task<GrainState<T>> Read<T>(this IGrainStorage storage, string key)
    {
        var held = new GrainState<T>();
        await storage.ReadStateAsync("state", Grain(key), held, TestContext.Current.CancellationToken);
        return held;
    }

    public static async Task<string?> ReadText(this IGrainStorage storage, string key)
    {
        var held = await storage.Read<string>(key);
        return held.RecordExists ? held.State : null;
    }

    public static Task Clear(this IGrainStorage storage, string key, GrainState<string> held) =>
        storage.ClearStateAsync("state", Grain(key), held, TestContext.Current.CancellationToken);
}

using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime.GrainDirectory;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// The runtime's cache of where grains are, without what it says of silos that have no grains any more. The runtime itself finds that out call by call: the call is passed on, and is
/// broken off when that silo ends, wherever it runs.
/// </summary>
internal sealed class GrainAddressCache(IGrainDirectoryCache inner, SilosWithoutGrains silosWithoutGrains) : IGrainDirectoryCache, IAsyncDisposable, IDisposable
{
    public IEnumerable<(GrainAddress ActivationAddress, int Version)> KeyValues => inner.KeyValues;

    public bool LookUp(GrainId key, [NotNullWhen(true)] out GrainAddress? result, out int version) =>
        inner.LookUp(key, out result, out version) && !(result.SiloAddress is { } silo && silosWithoutGrains.Contains(silo));

    public void AddOrUpdate(GrainAddress value, int version) => inner.AddOrUpdate(value, version);

    public bool Remove(GrainId key) => inner.Remove(key);

    public bool Remove(GrainAddress key) => inner.Remove(key);

    public void Clear() => inner.Clear();

    public ValueTask DisposeAsync() => inner is IAsyncDisposable disposable ? disposable.DisposeAsync() : default;

    public void Dispose() => DisposeAsync().AsTask().Ignore();
}

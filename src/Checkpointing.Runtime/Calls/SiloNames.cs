using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>The protocol's name of a silo. Eight bytes, because every label carries one: a hash of the endpoint, and which run of it.</summary>
internal static class SiloNames
{
    public static SiloId ToSiloId(this SiloAddress silo) =>
        new(((ulong)(uint)silo.GetConsistentHashCode() << 32) | (uint)silo.Generation);
}

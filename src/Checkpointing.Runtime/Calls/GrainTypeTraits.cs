namespace Checkpointing.Runtime.Calls;

/// <summary>What the call path must know of a grain type.</summary>
/// <param name="Role">What the type is to labels.</param>
/// <param name="IsReentrant">The class is marked [Reentrant].</param>
/// <param name="MayInterleave">Name of the class's [MayInterleave] predicate, if any.</param>
internal sealed record GrainTypeTraits(CallRole Role, bool IsReentrant, string? MayInterleave)
{
    public static GrainTypeTraits Outside { get; } = new(CallRole.Outside, IsReentrant: false, MayInterleave: null);
}

namespace Checkpointing.Runtime.Calls;

/// <summary>What the call path must know of a grain type.</summary>
/// <param name="Role">What the type is to labels.</param>
/// <param name="AcceptsLabels">Every silo that hosts the type has this library; during a rolling upgrade others could not read a labelled request.</param>
/// <param name="IsReentrant">The class is marked [Reentrant].</param>
/// <param name="MayInterleave">Name of the class's [MayInterleave] predicate, if any.</param>
internal sealed record GrainTypeTraits(CallRole Role, bool AcceptsLabels, bool IsReentrant, string? MayInterleave)
{
    private int _activations = -1;

    public static GrainTypeTraits Outside { get; } = new(CallRole.Outside, AcceptsLabels: false, IsReentrant: false, MayInterleave: null);

    /// <summary>Counts one more activation of the type: whether it is to be watched for calls that lose their context.</summary>
    public bool WatchNextActivation(int activationsPerWatchedOne) => Interlocked.Increment(ref _activations) % activationsPerWatchedOne == 0;
}

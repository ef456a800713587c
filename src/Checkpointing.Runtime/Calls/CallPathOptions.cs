namespace Checkpointing.Runtime.Calls;

/// <summary>Settings of the call path that trade checks for cost.</summary>
internal sealed class CallPathOptions
{
    /// <summary>
    /// Of how many activations of a grain type on a silo one is watched for calls that lose their context; the first always is. Watching costs
    /// about 350 bytes per call, because every task of a watched activation then carries an execution context. Such a call is an error of
    /// the grain's code, so it shows on the watched activations; 1 watches them all.
    /// </summary>
    /// <value>Defaults to 16.</value>
    public int ActivationsPerWatchedOne { get; set; } = 16;
}

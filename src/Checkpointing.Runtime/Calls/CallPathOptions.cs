namespace Checkpointing.Runtime.Calls;

/// <summary>Settings of the call path that trade checks for cost.</summary>
internal sealed class CallPathOptions
{
    /// <summary>
    /// Of how many activations of a grain type on a silo one is watched for calls that lose their context; the first always is. Watching costs
    /// about 350 bytes per call, because every task of a watched activation then carries an execution context. A lost call of an activation that is not
    /// watched goes out without a label: an orphan message that nobody notices.
    /// </summary>
    /// <value>Defaults to 1: all of them, because consistency comes before speed.</value>
    public int ActivationsPerWatchedOne { get; set; } = 1;
}

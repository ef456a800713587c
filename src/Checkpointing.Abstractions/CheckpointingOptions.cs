namespace Checkpointing;

/// <summary>Settings of the library on a silo. All silos of a cluster should have the same.</summary>
public sealed class CheckpointingOptions
{
    /// <summary>Name of the grain storage provider that keeps checkpoints and decisions.</summary>
    /// <value>Required. Any provider that checks ETags.</value>
    public string StorageName { get; set; } = "";

    /// <summary>Time between two rounds over all changed grains. Null: checkpoints are taken only on request.</summary>
    /// <value>Defaults to 10 seconds.</value>
    public TimeSpan? CheckpointInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest time that calls from outside may wait at the closed gates of a round. A round that would need longer leaves out the grains
    /// that are too busy, opens the gates, and is tried again. Must be well below Orleans' response timeout. The same bound holds for a rollback that somebody asks for, which is called off then.
    /// </summary>
    /// <value>Defaults to 1 second. Source: SPEC K9.</value>
    public TimeSpan MaxPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many rounds may try to serve one request before it is reported as aborted.</summary>
    /// <value>Defaults to 3.</value>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>
    /// How long a round waits for the votes of its participants, who vote when their checkpoints are stored; who has not voted by then has voted No. The
    /// application goes on meanwhile. It bounds the round; <see cref="StorageTimeout"/> bounds each single request to the storage provider.
    /// </summary>
    /// <value>Defaults to 15 seconds.</value>
    public TimeSpan VoteTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long one read or write of the storage provider may take. After that its outcome counts as unknown: the checkpoint or decision is not relied on, and
    /// the record is read again before it is next written. A request that hangs holds up its own grain, or the decision of its round, for at most this time.
    /// </summary>
    /// <value>Defaults to 30 seconds.</value>
    public TimeSpan StorageTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a participant that has voted waits for the decision before it asks for it, and how often it asks again.</summary>
    /// <value>Defaults to 2 seconds.</value>
    public TimeSpan DecisionPollInterval { get; set; } = TimeSpan.FromSeconds(2);
}

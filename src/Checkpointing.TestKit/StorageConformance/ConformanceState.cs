namespace Checkpointing.TestKit;

/// <summary>The grain state that the conformance rules write and read. Serializable by Orleans and by JSON serializers.</summary>
[GenerateSerializer]
[Alias("checkpointing.testkit.conformance-state.v1")]
public sealed class ConformanceState
{
    /// <summary>Some text.</summary>
    [Id(0)]
    public string Text { get; set; } = "";

    /// <summary>Some number.</summary>
    [Id(1)]
    public long Number { get; set; }

    /// <summary>Some bytes.</summary>
    [Id(2)]
    public byte[] Bytes { get; set; } = [];
}

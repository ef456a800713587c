using System.Text;

namespace Checkpointing.Storage.Sqlite;

/// <summary>
/// The key of one record. Its parts are stored as exact bytes in columns of their own, so that neither Unicode
/// folding nor a separator character can make two keys meet.
/// </summary>
internal sealed class RecordKey(byte[] serviceId, byte[] keySpace, string stateName, GrainId grainId)
{
    // Strict: replacing an unpaired surrogate would map different names to one record.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public byte[] ServiceId { get; } = serviceId;

    public byte[] KeySpace { get; } = keySpace;

    public byte[] StateNameBytes { get; } = Encode(stateName);

    public byte[] GrainType { get; } = grainId.Type.AsSpan().ToArray();

    public byte[] GrainKey { get; } = grainId.Key.AsSpan().ToArray();

    public string StateName { get; } = stateName;

    public GrainId GrainId { get; } = grainId;

    public static byte[] Encode(string name) => StrictUtf8.GetBytes(name);

    public override string ToString() => $"state '{StateName}' of grain {GrainId}";
}

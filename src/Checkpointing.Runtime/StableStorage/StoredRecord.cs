using System.IO.Hashing;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>
/// What any grain storage provider is given to keep: opaque bytes with a format version and a checksum, so that every provider and every
/// serializer behind it stores the same thing. docs/record-format.md describes the content.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.stored-record.v1")]
public sealed class StoredRecord
{
    internal const int CurrentFormat = 1;

    /// <summary>Version of the content's layout.</summary>
    [Id(0)]
    public int Format { get; set; }

    /// <summary>XXH64 over <see cref="Content"/>.</summary>
    [Id(1)]
    public ulong Checksum { get; set; }

    /// <summary>The record itself.</summary>
    [Id(2)]
    public byte[] Content { get; set; } = [];

    internal static StoredRecord Seal(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream))
        {
            write(writer);
        }

        var content = stream.ToArray();
        return new StoredRecord { Format = CurrentFormat, Checksum = XxHash64.HashToUInt64(content), Content = content };
    }

    /// <summary>Throws <see cref="InvalidDataException"/> with the cause if the content cannot be trusted.</summary>
    internal T Open<T>(Func<BinaryReader, T> read)
    {
        if (Format != CurrentFormat)
        {
            throw new InvalidDataException($"it has format {Format}, this version reads format {CurrentFormat}");
        }

        if (XxHash64.HashToUInt64(Content) != Checksum)
        {
            throw new InvalidDataException("its checksum does not match its content");
        }

        using var reader = new BinaryReader(new MemoryStream(Content, writable: false));
        try
        {
            var record = read(reader);
            return reader.BaseStream.Position == Content.Length ? record : throw new InvalidDataException("its content is longer than what it says");
        }
        catch (Exception exception) when (exception is EndOfStreamException or ArgumentException or FormatException)
        {
            throw new InvalidDataException("its content ends early or is malformed", exception);
        }
    }
}

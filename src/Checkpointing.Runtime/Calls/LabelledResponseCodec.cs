using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.GeneratedCodeHelpers;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.WireProtocol;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Wire form and copy of a <see cref="LabelledResponse"/>. Written by hand because a copy must keep the object and flip it to its sent face:
/// the runtime copies every response exactly once more before it sends it.
/// Fields: 0 the inner response, 1 the stamps, 2 the fate unless the call was answered, 3 the line under which it was refused. Unknown fields of later versions are skipped.
/// </summary>
[RegisterSerializer]
[RegisterCopier]
[Alias("checkpointing.labelled-response.v1")]
internal sealed class LabelledResponseCodec(ICodecProvider codecs) : IFieldCodec<LabelledResponse>, IDeepCopier<LabelledResponse>
{
    private readonly Type _type = typeof(LabelledResponse);
    private readonly IFieldCodec<Response> _inner = OrleansGeneratedCodeHelper.GetService<IFieldCodec<Response>>(codecs, codecs);
    private readonly IFieldCodec<StampSet> _stamps = OrleansGeneratedCodeHelper.GetService<IFieldCodec<StampSet>>(codecs, codecs);
    private readonly IDeepCopier<Response> _copier = OrleansGeneratedCodeHelper.GetService<IDeepCopier<Response>>(codecs, codecs);

    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, LabelledResponse? value)
        where TBufferWriter : IBufferWriter<byte>
    {
        if (value is null)
        {
            ReferenceCodec.WriteNullReference(ref writer, fieldIdDelta);
            return;
        }

        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteStartObject(fieldIdDelta, expectedType, _type);
        _inner.WriteField(ref writer, 0, typeof(Response), value.Inner);
        _stamps.WriteField(ref writer, 1, typeof(StampSet), value.Stamps);
        if (value.Fate != CallFate.Answered)
            ByteCodec.WriteField(ref writer, 1, (byte)value.Fate);
        if (value.RefusedUnder != 0)
            Int64Codec.WriteField(ref writer, 1, value.RefusedUnder);

        writer.WriteEndObject();
    }

    [return: MaybeNull]
    public LabelledResponse ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        if (field.IsReference)
            return ReferenceCodec.ReadReference<LabelledResponse, TInput>(ref reader, field)!;

        field.EnsureWireTypeTagDelimited();
        ReferenceCodec.MarkValueField(reader.Session);
        Response? inner = null;
        var stamps = default(StampSet);
        var fate = CallFate.Answered;
        var refusedUnder = 0L;
        var id = 0u;
        while (true)
        {
            var header = reader.ReadFieldHeader();
            if (header.IsEndBaseOrEndObject)
                break;

            id += header.FieldIdDelta;
            switch (id)
            {
                case 0:
                    inner = _inner.ReadValue(ref reader, header);
                    break;
                case 1:
                    stamps = _stamps.ReadValue(ref reader, header);
                    break;
                case 2:
                    fate = (CallFate)ByteCodec.ReadValue(ref reader, header);
                    break;
                case 3:
                    refusedUnder = Int64Codec.ReadValue(ref reader, header);
                    break;
                default:
                    reader.ConsumeUnknownField(header);
                    break;
            }
        }

        var isolated = inner ?? Response.Completed;
        return new LabelledResponse(isolated, stamps, fate, refusedUnder).Sent(isolated);
    }

    [return: NotNullIfNotNull(nameof(input))]
    public LabelledResponse? DeepCopy(LabelledResponse? input, CopyContext context) => input?.Sent(_copier.DeepCopy(input.Inner, context)!);
}

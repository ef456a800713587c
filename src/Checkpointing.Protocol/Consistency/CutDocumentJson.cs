using System.Collections.Immutable;
using System.Text.Json;

namespace Checkpointing.Protocol.Consistency;

/// <summary>Reads JSON values of one expected type and says, in the user's terms, what was found instead.</summary>
internal static class CutDocumentJson
{
    public static JsonDocument Parse(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            throw new InvalidCutDocumentException("the input is empty");
        }

        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            // The reader counts lines from 0 and appends its position to the message.
            var reason = error.Message.Split(" LineNumber:")[0].TrimEnd('.');
            throw new InvalidCutDocumentException($"not JSON, line {(error.LineNumber ?? 0) + 1}: {reason}");
        }
        catch (ArgumentException)
        {
            throw new InvalidCutDocumentException("not JSON: the text contains half of a surrogate pair");
        }
    }

    /// <summary>The fields of an object, in the order of the document.</summary>
    public static OrderedDictionary<string, JsonElement> Fields(JsonElement element, string what)
    {
        Require(element, JsonValueKind.Object, "an object", what);
        var fields = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            var name = Unescaped(() => property.Name, $"a field name of {what}");
            if (!fields.TryAdd(name, property.Value))
            {
                throw new InvalidCutDocumentException($"{what}: field \"{name}\" is given twice");
            }
        }

        return fields;
    }

    public static ImmutableArray<JsonElement> Items(JsonElement element, string what)
    {
        Require(element, JsonValueKind.Array, "an array", what);
        return [.. element.EnumerateArray()];
    }

    public static string Text(JsonElement element, string what)
    {
        Require(element, JsonValueKind.String, "a string", what);
        return Unescaped(() => element.GetString()!, what);
    }

    /// <summary>A whole number, 0 or more.</summary>
    public static long Count(JsonElement element, string what)
    {
        Require(element, JsonValueKind.Number, "a number", what);
        if (!element.TryGetInt64(out var count))
        {
            throw new InvalidCutDocumentException($"{what} must be a whole number, but is {element.GetRawText()}");
        }

        return count >= 0 ? count : throw new InvalidCutDocumentException($"{what} must not be negative, but is {count}");
    }

    private static void Require(JsonElement element, JsonValueKind kind, string expected, string what)
    {
        if (element.ValueKind != kind)
        {
            throw new InvalidCutDocumentException($"{what} must be {expected}, but is {Found(element.ValueKind)}");
        }
    }

    private static string Found(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    private static string Unescaped(Func<string> read, string what)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new InvalidCutDocumentException($"{what} contains an escaped half of a surrogate pair");
        }
    }
}

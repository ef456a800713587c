using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>Reads the tables of scenarios. A field that no test understands is an error, so that nothing goes unasserted.</summary>
internal static class Scenario
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public static T[] Read<T>(string file)
    {
        using var stream = typeof(Scenario).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"No embedded file {file}.");
        return JsonSerializer.Deserialize<T[]>(stream, Options)!;
    }

    /// <summary>Compares every expected field; arrays are sets.</summary>
    public static void AssertExpected(string row, JsonObject expected, JsonObject actual)
    {
        foreach (var (field, value) in expected)
        {
            Assert.True(actual.ContainsKey(field), $"{row}: nothing is known of the expected field '{field}'");
            var want = Normal(value);
            var got = Normal(actual[field]);
            Assert.True(JsonNode.DeepEquals(want, got), $"{row}: {field} is {got?.ToJsonString()}, expected {want?.ToJsonString()}");
        }
    }

    private static JsonNode? Normal(JsonNode? node) => node switch
    {
        JsonArray items => new JsonArray([.. items.Select(item => item!.DeepClone()).OrderBy(item => item.ToJsonString(), StringComparer.Ordinal)]),
        JsonObject fields => new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, Normal(field.Value)))),
        _ => node?.DeepClone(),
    };
}

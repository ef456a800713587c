using Orleans.Serialization.Serializers;

namespace Checkpointing.Storage.Sqlite;

/// <summary>The state of a grain that has no record.</summary>
internal static class EmptyState
{
    /// <summary>A new object; null for types that have no instance to begin with (strings, arrays, interfaces, abstract classes).</summary>
    public static T? Create<T>(IActivatorProvider activators)
    {
        var type = typeof(T);
        return type == typeof(string) || type.IsArray || type.IsAbstract ? default : activators.GetActivator<T>().Create();
    }
}

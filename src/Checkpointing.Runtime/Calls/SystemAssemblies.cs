using System.Reflection;

namespace Checkpointing.Runtime.Calls;

internal static class SystemAssemblies
{
    /// <summary>Whether an assembly is a part of Orleans itself. An application's assembly may be called Orleans.Something too; the product name tells.</summary>
    public static bool IsOrleans(Assembly assembly) =>
        (assembly.GetName().Name ?? string.Empty).StartsWith("Orleans.", StringComparison.Ordinal)
        && assembly.GetCustomAttribute<AssemblyProductAttribute>()?.Product.Contains("Orleans", StringComparison.Ordinal) == true
        && assembly.GetCustomAttribute<AssemblyCompanyAttribute>()?.Company.Contains("Microsoft", StringComparison.Ordinal) == true;
}

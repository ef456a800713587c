namespace Checkpointing.SiloHost.Http;

/// <summary>Whether this silo is active, and how many active silos it sees.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this IEndpointRouteBuilder routes) => routes.MapGet("/health", GetHealth);

    private static IResult GetHealth(IClusterMembershipService membership, ILocalSiloDetails silo)
    {
        var members = membership.CurrentSnapshot;
        var status = members.GetSiloStatus(silo.SiloAddress);
        return status == SiloStatus.Active
            ? Results.Ok(new Health("healthy", members.Members.Values.Count(member => member.Status == SiloStatus.Active)))
            : Results.Problem($"Silo {silo.SiloAddress} is {status}.", statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}

internal sealed record Health(string Status, int ActiveSilos);
